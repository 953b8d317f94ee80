-- What a store held by revision 0001; statements end with a semicolon at the end of a line.
INSERT INTO conversations (id, channel, account, sender, language, owner, next_position, claim_number,
 created_at, last_at) VALUES
 (1, 'web', 'store', 'ana', 'de', 'bot', 4, 2, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
 (2, 'web', 'store', 'ben', 'fr', 'bot', 2, 0, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
 (3, 'web', 'store', 'cem', 'en', 'agent', 2, 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
INSERT INTO inbox (id, conversation_id, kind, channel, account, message_id, position, text, data, state, attempts,
 sent_at, received_at, not_before) VALUES
 (11, 3, 'message', 'web', 'store', 'm1', 1, 'done', '{}', 'done', 0, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
 (12, 2, 'message', 'web', 'store', 'm2', 1, 'b1', '{}', 'new', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', '2026-01-02 00:00:00.000000'),
 (13, 1, 'message', 'web', 'store', 'm3', 1, 'a1', '{}', 'new', 0, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'),
 (14, 1, 'message', 'web', 'store', 'm4', 2, 'a2', '{}', 'new', 0, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
INSERT INTO outbox (id, key, conversation_id, position, text, buttons, author, language, weight, state, attempts,
 not_before, created_at) VALUES (1, 'k1', 1, 3, 'Hello', '[]', 'bot', 'de', 'talk', 'sent', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000');
INSERT INTO trackers (conversation_id, events, memory, updated_at) VALUES (1, '[]', '{}', '2026-01-01 00:00:00.000000');
INSERT INTO cases (id, conversation_id, queue, reason, intent, topic, priority, language, state, fence, opened_at,
 clock, due_at, level, summary, card) VALUES
 (1, 3, 'support', 'failed', 'service_human', 'service', 1, 'en', 'open', 1, '2026-01-01 00:00:00.000000', 'claim', '2026-01-01 00:00:00.000000', 0, '', '{}');
