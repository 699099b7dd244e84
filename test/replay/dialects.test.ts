import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Mapping } from '../../src/replay/mapping.ts';
import { readRecording } from '../../src/replay/recording.ts';
import type { TableItem } from '../../src/replay/table.ts';
import type { Values } from '../../src/weather/reading.ts';

// Files as the programs and services write them; values invented, forms real.
const path = (name: string): string => fileURLToPath(new URL(`dialects/${name}`, import.meta.url));

const read = async (source: string | Readable, mapping: Mapping = {}) => {
  const items: TableItem[] = [];
  let readAs = '';
  const isFile = typeof source === 'string';
  for await (const piece of readRecording(
    isFile ? source : '-',
    mapping,
    isFile ? Readable.from([]) : source,
  )) {
    if ('readAs' in piece) readAs = piece.readAs;
    else items.push(...piece.items);
  }
  return { readAs, items };
};

const text = (lines: readonly string[] | string): Readable =>
  Readable.from([Buffer.from(typeof lines === 'string' ? lines : `${lines.join('\n')}\n`)]);

type Shown = { time: string } & Partial<Values>;

/** Without what is not known, to a thousandth. */
const shown = (item: TableItem | undefined): Shown | string => {
  if (item === undefined) return 'nothing';
  if ('complaint' in item) return item.complaint;
  const { at, values } = item.reading.raw;
  const known = Object.entries(values).flatMap(([quantity, value]) =>
    value === null ? [] : [[quantity, Math.round(value * 1000) / 1000]],
  );
  return { time: new Date(at.wallMs).toISOString().slice(0, 19), ...Object.fromEntries(known) };
};

const second = {
  'weewx.csv': {
    time: '2020-01-01T00:05:00',
    temperature: 7.444,
    humidity: 81,
    windintensity: 0,
    windgust: 0,
    rainheight: 0,
    pressure: 985.778,
  },
  'weatherlink.txt': {
    time: '2016-06-01T12:10:00',
    temperature: 20.889,
    humidity: 81,
    windintensity: 0,
    windgust: 8.047,
    rainheight: 0,
    pressure: 1013.241,
  },
  'weatherlink.csv': {
    time: '2024-01-01T00:05:00',
    temperature: 5.056,
    humidity: 81,
    windgust: 12.875,
    rainheight: 0,
    pressure: 1016.323,
  },
  'ecowitt.csv': {
    time: '2023-05-01T00:05:00',
    temperature: 10.1,
    humidity: 72,
    winddirection: 230,
    windintensity: 2.5,
    windgust: 6.5,
    rainheight: 0.3,
    pressure: 1005.2,
  },
  'ambient.csv': {
    time: '2022-01-01T05:05:00',
    temperature: 5.222,
    humidity: 80,
    winddirection: 221,
    windintensity: 3.219,
    windgust: 7.242,
    rainheight: 0.254,
    pressure: 996.614,
  },
  'wunderground-old.csv': {
    time: '2014-01-01T05:07:00',
    temperature: 5.167,
    humidity: 81,
    winddirection: 337.5,
    windintensity: 3.219,
    windgust: 8.047,
    rainheight: 0.254,
    pressure: 1016.255,
  },
  'wunderground.csv': {
    time: '2021-03-01T00:09:00',
    temperature: 12.444,
    humidity: 82,
    winddirection: 337.5,
    windintensity: 5.472,
    windgust: 9.012,
    rainheight: 0.254,
    pressure: 1009.482,
  },
  'iowa-mesonet.csv': {
    time: '2020-01-01T01:54:00',
    temperature: -1.7,
    humidity: 68.84,
    windintensity: 9.26,
    windgust: 38.892,
    rainheight: 0,
    pressure: 1013.885,
  },
  'metar.csv': {
    time: '2022-02-22T12:53:00',
    temperature: -12.8,
    winddirection: 30,
    windintensity: 25.928,
    windgust: 37.04,
    rainheight: 0.254,
    pressure: 1013.885,
  },
  'ndbc.txt': {
    time: '2018-08-20T15:50:00',
    winddirection: 210,
    windintensity: 10.8,
    windgust: 14.4,
    pressure: 1016.9,
  },
  'dwd-hourly.txt': { time: '2020-01-01T01:00:00', humidity: 97 },
  'dwd-10-minutes.txt': { time: '2020-01-01T00:10:00', temperature: 2.9, humidity: 97 },
  'libreoffice-german.csv': {
    time: '2023-02-01T10:10:00',
    temperature: 5.2,
    humidity: 82,
    winddirection: 337.5,
    windintensity: 12.5,
    windgust: 20.1,
    rainheight: 0,
    pressure: 1001.3,
  },
  'openmeteo.csv': {
    time: '2020-01-01T00:00:00',
    temperature: 1.3,
    humidity: 81,
    windintensity: 10,
    windgust: 20,
    rainheight: 0.1,
    pressure: 1000.1,
  },
  'easyweather.txt': {
    time: '2014-02-13T00:10:00',
    temperature: 5.1,
    humidity: 80,
    winddirection: 202.5,
    windintensity: 3.6,
    windgust: 7.2,
    rainheight: 0.3,
    pressure: 990.1,
  },
  'synoptic.csv': {
    time: '2018-07-01T00:05:00',
    temperature: 30.2,
    humidity: 20.1,
    winddirection: 210,
    windintensity: 11.16,
    windgust: 18.36,
    rainheight: 0.3,
    pressure: 870.101,
  },
  'campbell-toa5.dat': {
    time: '2020-01-01T00:20:00',
    humidity: 80.1,
    winddirection: 210.1,
    windintensity: 7.56,
    rainheight: 0,
    pressure: 990.1,
  },
  'noaa-lcd.csv': {
    time: '2020-01-01T01:53:00',
    temperature: -2.222,
    humidity: 58,
    winddirection: 210,
    windintensity: 16.093,
    windgust: 32.187,
    rainheight: 0.254,
    pressure: 833.39,
  },
  'cumulus.txt': {
    time: '2022-06-01T00:05:00',
    temperature: 15.1,
    humidity: 82,
    winddirection: 210,
    windintensity: 7.56,
    windgust: 19.08,
    rainheight: 0.3,
    pressure: 1013.2,
  },
} as const;

describe('a file is understood by itself', () => {
  it.each(Object.entries(second))('%s', async (name, expected) => {
    const { items } = await read(path(name));

    expect(items).toHaveLength(2 + (name === 'ambient.csv' ? 1 : 0));
    expect(shown(items[1])).toEqual(expected);
  });

  it('with one reading, tens of degrees and kPa', async () => {
    expect(shown((await read(path('environment-canada.csv'))).items[0])).toEqual({
      time: '2020-01-01T00:00:00',
      temperature: -1.2,
      humidity: 88,
      winddirection: 270,
      windintensity: 15,
      rainheight: 0.2,
      pressure: 998.1,
    });
  });

  it('and says how', async () => {
    expect((await read(path('weewx.csv'))).readAs).toBe(
      'weewx archive with commas; time from dateTime (epoch seconds); temperature from outTemp in °F; humidity from outHumidity in %; winddirection from windDir in °; windintensity from windSpeed in mph; windgust from windGust in mph; rainheight from rain in in; pressure from pressure in inHg; 8 columns are not used',
    );
  });

  it('gzipped, in UTF-16, and with the degree sign of Latin-1', async () => {
    const table = 'time;Temp (°C)\n2024-01-01 00:00;1,5\n';
    const expected = { time: '2024-01-01T00:00:00', temperature: 1.5 };
    const utf16 = Buffer.from(`\uFEFF${table}`, 'utf16le');

    for (const bytes of [gzipSync(table), utf16, Buffer.from(table, 'latin1')])
      expect(shown((await read(Readable.from([bytes]))).items[0])).toEqual(expected);
  });
});

describe('units that nothing says', () => {
  it('are told by dew point and humidity: 39 and 26 at 59 % are °F', async () => {
    const { items, readAs } = await read(
      text(['time,temp,dewp,humid,precip', '2013-01-01 06:00,39.02,26.06,59.37,0.1']),
    );

    expect(readAs).toContain('temperature from temp in °F, by its values');
    expect(shown(items[0])).toMatchObject({ temperature: 3.9, rainheight: 2.54 });
  });

  it('are told by what air cannot be', async () => {
    const { items } = await read(text(['time,temp,rh,pressure', '2013-01-01 06:00,75.2,0.59,29.92']));

    expect(shown(items[0])).toMatchObject({ temperature: 24, humidity: 59, pressure: 1013.207 });
  });
});

describe('a time', () => {
  const timeOf = async (header: string, row: string, time: Mapping['time'] = {}) => {
    const { items } = await read(text([header, row]), { time });
    const first = shown(items[0]);
    return typeof first === 'string' ? first : first.time;
  };

  it.each([
    ['time,temp', '2024-03-31 12:00,1', '2024-03-31T12:00:00'],
    ['time,temp', '2024-03-31T12:00:30+01:00,1', '2024-03-31T11:00:30'],
    ['time,temp', '2024/3/31 9:05,1', '2024-03-31T09:05:00'],
    ['time,temp', '1711886400,1', '2024-03-31T12:00:00'],
    ['time,temp', '1711886400123,1', '2024-03-31T12:00:00'],
    ['time,temp', '31/03/2024 12:00,1', '2024-03-31T12:00:00'],
    ['time,temp', '03/31/2024 12:00 PM,1', '2024-03-31T12:00:00'],
    ['time,temp', '31-Mar-2024 12:00,1', '2024-03-31T12:00:00'],
    ['time,temp', '"Mar 31, 2024, 12:00 AM",1', '2024-03-31T00:00:00'],
    ['time,temp', '2024-03-31 12:00 EST,1', '2024-03-31T17:00:00'],
    ['time (MST),temp', '2024-03-31 12:00,1', '2024-03-31T19:00:00'],
    ['local_time_utc+8,temp', '2024-03-31 12:00,1', '2024-03-31T04:00:00'],
    ['date,hour,temp', '2024-03-31,7,1', '2024-03-31T07:00:00'],
    ['year,doy,hhmm,temp', '2024,91,1230,1', '2024-03-31T12:30:00'],
    ['time,temp', '2024-03-30 24:00,1', '2024-03-31T00:00:00'],
    ['time,temp', '2024-02-30 12:00,1', '"2024-02-30 12:00" is no time, or one that does not exist'],
  ])('%s %s', async (header, row, expected) => {
    expect(await timeOf(header, row)).toBe(expected);
  });

  it('of a zone with daylight saving goes through the hour that comes twice', async () => {
    const local = ['01:30', '02:00', '02:30', '02:00', '02:30', '03:00'];
    const { items } = await read(text(['time,temp', ...local.map((clock) => `2024-10-27 ${clock},1`)]), {
      time: { zone: 'Europe/Berlin' },
    });

    expect(items.map((item) => (shown(item) as Shown).time.slice(11, 16))).toEqual([
      '23:30',
      '00:00',
      '00:30',
      '01:00',
      '01:30',
      '02:00',
    ]);
  });
});

describe('a field', () => {
  it.each(['', 'NA', 'NaN', '---', 'M', '-9999', '7999', '-999.0', 'null', '#N/A'])(
    'that says "%s" is missing',
    async (missing) => {
      const { items } = await read(text(['time,temp,rh', `2024-01-01 00:00,${missing},50`]));

      expect(shown(items[0])).toEqual({ time: '2024-01-01T00:00:00', humidity: 50 });
      expect(items[0]).toMatchObject({ badFields: [] });
    },
  );

  it('that is no value costs itself, not the line', async () => {
    const { items } = await read(text(['time,temp,rh', '2024-01-01 00:00,warm,50', '2024-01-01 00:01,1']));

    expect(items[0]).toMatchObject({ badFields: [{ quantity: 'temperature', text: 'warm' }] });
    expect(shown(items[0])).toEqual({ time: '2024-01-01T00:00:00', humidity: 50 });
    expect(shown(items[1])).toEqual({ time: '2024-01-01T00:01:00', temperature: 1 });
  });

  it('of a rain counter is what has come since, through its reset', async () => {
    const rain = ['10.0', '10.2', '10.2', '0.4', 'NA', '0.6'];
    const { items } = await read(
      text(['time,daily rain (mm)', ...rain.map((mm, index) => `2024-01-01 00:0${index},${mm}`)]),
    );

    expect(items.map((item) => (shown(item) as Shown).rainheight)).toEqual([
      undefined,
      0.2,
      0,
      0.4,
      undefined,
      0.2,
    ]);
  });
});

describe('a mapping', () => {
  it('says what no name says', async () => {
    const { items } = await read(
      text(['x|y|y1|y2', '31.12.2023 23.30|50|10|1,5', '31.12.2023 23.40|off|10|1,7']),
      {
        time: { column: 'x', format: 'dd.MM.yyyy HH.mm', zone: '+01:00' },
        missing: ['off'],
        columns: {
          temperature: { column: 'y', unit: '°F' },
          windintensity: { column: 3, unit: 'knots' },
          rainheight: { column: 'y2', unit: 'in', cumulative: true },
        },
      },
    );

    expect(items.map(shown)).toEqual([
      { time: '2023-12-31T22:30:00', temperature: 10, windintensity: 18.52 },
      { time: '2023-12-31T22:40:00', windintensity: 18.52, rainheight: 5.08 },
    ]);
  });

  it('reads columns by their number where there is no header, and leaves out what it is told', async () => {
    const { items } = await read(text(['2024-01-01 00:00;1;50']), {
      header: 0,
      time: { column: 1 },
      columns: { temperature: 2, humidity: null },
    });

    expect(items.map(shown)).toEqual([{ time: '2024-01-01T00:00:00', temperature: 1 }]);
  });
});

describe('one message says why a file cannot be read', () => {
  it.each([
    [
      'x,y\n1,2\n',
      /^standard input: no column of it is known as a quantity\. Its columns: x, y\. Say with --map/,
    ],
    ['temp,rh\n1,2\n', /no column holds a time that is understood\. Its columns: temp, rh\./],
    ['time,temp\nsoon,2\n', /no column holds a time that is understood\. Not understood: time with "soon"/],
    ['', /^standard input is empty$/],
    ['\n\n', /holds nothing but empty lines/],
    ['words\nmore\n', /is no table/],
    ['PK\u0003\u0004 and so on', /is a ZIP archive or a spreadsheet/],
    ['a\u0000b', /is not a text file/],
  ])('%j', async (content, expected) => {
    await expect(read(text(content))).rejects.toThrow(expected);
  });

  it('of one that is cut short, is a directory, or is not there', async () => {
    const packed = gzipSync('time,temp\n2024-01-01 00:00,1\n'.repeat(1000));

    await expect(read(Readable.from([packed.subarray(0, 40)]))).rejects.toThrow(/gzip data is cut short/);
    await expect(read(fileURLToPath(new URL('.', import.meta.url)))).rejects.toThrow(/it is a directory/);
    await expect(read(path('none.csv'))).rejects.toThrow(/there is no such file/);
  });

  it('of a column that the mapping names wrongly', async () => {
    const table = ['time,temp', '2024-01-01 00:00,1'];

    await expect(read(text(table), { columns: { humidity: 'rf' } })).rejects.toThrow(
      'the mapping names the column rf. Its columns: time, temp.',
    );
    await expect(
      read(text(table), { columns: { temperature: { column: 'temp', unit: 'R' } } }),
    ).rejects.toThrow('the mapping gives temperature the unit R; allowed is °C, °F, K');
  });
});
