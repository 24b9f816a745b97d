-- A copy of a database asks no register and tells nobody of what it hears.
UPDATE ir_config_parameter SET value = 'off' WHERE key = 'kundekartotek_addon.register_mode';
INSERT INTO ir_config_parameter (key, value)
SELECT 'kundekartotek_addon.register_mode', 'off'
 WHERE NOT EXISTS (SELECT FROM ir_config_parameter WHERE key = 'kundekartotek_addon.register_mode');
