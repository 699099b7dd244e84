import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/http/metrics.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';

const render = async (changes: Parameters<typeof createGatewayStatus>[0] = {}) =>
  (await createMetrics(() => createGatewayStatus(changes)).render()).text;

describe('the metrics', () => {
  it('are Prometheus text with a help and a type for each', async () => {
    const metrics = createMetrics(createGatewayStatus);
    const { contentType, text } = await metrics.render();

    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain(
      '# HELP weather_gateway_readings_accepted_total Readings on disk since the store began.\n',
    );
    expect(text).toContain('# TYPE weather_gateway_readings_accepted_total counter\n');
    expect(text).toContain('\nweather_gateway_readings_accepted_total 1042\n');
  });

  it.each([
    ['accepted', 'readings_accepted_total'],
    ['delivered', 'readings_delivered_total'],
    ['duplicates possible', 'readings_possibly_duplicated_total'],
    ['set aside', 'readings_set_aside_total'],
    ['given up', 'readings_given_up_total'],
    ['waiting', 'outbox_waiting{lane="reading"}'],
    ['age of the oldest', 'outbox_oldest_age_seconds'],
    ['commit latency', 'store_commit_duration_seconds_count'],
    ['bytes written', 'store_written_bytes_total'],
    ['reconnects', 'link_reconnects_total'],
    ['PUBACK latency', 'puback_duration_seconds_count'],
    ['lost pulses', 'pulses_possibly_lost_total'],
    ['clock steps', 'clock_steps_total'],
    ['power cuts', 'unclean_shutdowns_total'],
    ['boots', 'boots_total'],
    ['sensor errors', 'instrument_errors_total{instrument="bme280"}'],
    ['states of pre-alerts', 'pre_alert_state{rule="frost",severity="none",state="normal"}'],
  ])('tell %s', async (_what, name) => {
    const lines = (await render()).split('\n');

    expect(lines.filter((line) => line.startsWith(`weather_gateway_${name} `))).toHaveLength(1);
  });

  it('tell the memory, by the name every process has for it', async () => {
    expect(await render()).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('carry base units: °C, ratios, pascals, metres per second', async () => {
    const lines = (await render()).split('\n');

    expect(lines).toContain('weather_temperature_celsius 18.4');
    expect(lines).toContain('weather_humidity_ratio 0.612');
    expect(lines).toContain('weather_pressure_pascals 100930');
    expect(lines).toContain('weather_wind_speed_meters_per_second 4');
    expect(lines).toContain('weather_wind_gust_meters_per_second 7');
    const rain = lines.find((line) => line.startsWith('weather_rain_last_hour_meters '));
    expect(Number(rain?.split(' ')[1])).toBeCloseTo(0.0022352, 9);
    const today = lines.find((line) => line.startsWith('weather_rain_today_meters '));
    expect(Number(today?.split(' ')[1])).toBeCloseTo(0.0041999, 9);
  });

  it('keep to the naming convention: counters end in _total, times in _seconds, sizes in _bytes', async () => {
    const text = await render();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
      name,
      type,
    }));

    expect(types.filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
    expect(types.filter(({ name }) => /_(ms|minutes|hours|days|kb|mb|hpa|kmh)(_|$)/.test(name))).toEqual([]);
    expect(types.length).toBeGreaterThan(25);
  });

  it('stand what promtool checks: a help each, no type or short unit in a name, one line a sample, no reserved label', async () => {
    const metrics = createMetrics(createGatewayStatus);
    metrics.observeCommit(0.02);
    metrics.observePuback(0.2);
    const lines = (await metrics.render()).text.split('\n').filter((line) => line !== '');
    const namesIn = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
    const types = namesIn(/^# TYPE (\S+) /);
    const samples = lines.filter((line) => !line.startsWith('#'));

    expect(namesIn(/^# HELP (\S+) \S/)).toEqual(types);
    expect(new Set(types).size).toBe(types.length);
    expect(types.filter((name) => !/^[a-z]+(_[a-z]+)+$/.test(name))).toEqual([]);
    expect(types.filter((name) => /(gauge|counter|histogram|summary)/.test(name))).toEqual([]);
    expect(types.filter((name) => /_(count|sum|bucket)$/.test(name))).toEqual([]);
    expect(samples.filter((line) => !/^[a-z_]+(\{[^}]+\})? (-?\d[\d.e+-]*|\+Inf)$/.test(line))).toEqual([]);
    expect(new Set(samples.map((line) => line.replace(/ \S+$/, ''))).size).toBe(samples.length);
    expect(samples.filter((line) => /[{,](le|quantile)=/.test(line) && !/_bucket\{/.test(line))).toEqual([]);
  });

  it('have no sample for what is not known', async () => {
    const rain = { date: '2026-06-01', todayMm: null, event: null };
    const text = await render({ latest: null, derived: null, certificateDaysLeft: null, rain });

    expect(text).not.toMatch(/^weather_(temperature|rain)/m);
    expect(text).not.toMatch(/^weather_gateway_certificate_remaining_seconds /m);
  });

  it('have a value of the machine only where the machine reports it', async () => {
    const machine = { isUnderVoltage: true, underVoltages: 3, isThrottled: false, temperatureCelsius: 71.5 };
    const of = (text: string) => text.match(/^weather_gateway_machine_.*$/gm);
    const metrics = createMetrics(() => createGatewayStatus({ machine: isTelling ? machine : {} }));
    let isTelling = true;

    expect(of((await metrics.render()).text)).toEqual([
      'weather_gateway_machine_undervoltage 1',
      'weather_gateway_machine_undervoltages_total 3',
      'weather_gateway_machine_throttled 0',
      'weather_gateway_machine_temperature_celsius 71.5',
    ]);
    isTelling = false;
    expect((await metrics.render()).text).not.toContain('weather_gateway_machine_');
  });

  it('follow the status from one scrape to the next', async () => {
    let preAlerts = createGatewayStatus().preAlerts;
    let accepted = 5;
    const metrics = createMetrics(() => {
      const status = createGatewayStatus();
      return {
        ...status,
        preAlerts,
        outbox: { ...status.outbox, totals: { ...status.outbox.totals, accepted } },
      };
    });
    await metrics.render();
    preAlerts = [{ rule: 'frost', state: 'active', severity: 'warning', text: 'Frost.', output: null }];
    accepted = 7;

    const { text } = await metrics.render();

    expect(text).toContain('pre_alert_state{rule="frost",severity="warning",state="active"} 1');
    expect(text).not.toContain('state="normal"');
    expect(text).toContain('\nweather_gateway_readings_accepted_total 7\n');
  });

  it('tell what was written to the disk, since the start and on this day', async () => {
    const lines = (await render({ writtenBytes: 9_000_000, writtenTodayBytes: 3_000_000 })).split('\n');

    expect(lines).toContain('weather_gateway_store_written_bytes_total 9000000');
    expect(lines).toContain('weather_gateway_store_written_today_bytes 3000000');
  });

  it('measure commits and acknowledgements', async () => {
    const metrics = createMetrics(createGatewayStatus);
    metrics.observeCommit(0.02);
    metrics.observePuback(0.2);
    metrics.observePuback(40);

    const { text } = await metrics.render();

    expect(text).toContain('weather_gateway_store_commit_duration_seconds_bucket{le="0.025"} 1');
    expect(text).toContain('weather_gateway_puback_duration_seconds_bucket{le="30"} 1');
    expect(text).toContain('weather_gateway_puback_duration_seconds_count 2');
  });

  it('are silent about rules and instruments that are not there', async () => {
    const text = await render(createGatewayStatus({ preAlerts: [], instruments: [] }));

    expect(text).not.toMatch(/^weather_gateway_(pre_alert|instrument)\w*[{ ]/m);
  });

  it('tell the instruments apart', async () => {
    const lastFault = { code: 'no-answer', message: 'nothing answers', datetime: '2026-06-01 12:00:00' };
    const text = await render({
      instruments: [{ name: 'bme280', title: 'BME280, air', state: 'failing', errors: 3, lastFault }],
    });

    expect(text).toContain('weather_gateway_instrument_up{instrument="bme280"} 0');
    expect(text).toContain('weather_gateway_instrument_errors_total{instrument="bme280"} 3');
  });
});
