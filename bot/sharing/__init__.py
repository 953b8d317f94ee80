"""What the processes of one store share: who does what, and the folder that all of them see."""
