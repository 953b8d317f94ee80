"""How the made-up store is made: catalogue, people, orders and parcels, all from one seed and one day."""
