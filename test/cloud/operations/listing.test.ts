import { describe, expect, it } from 'vitest';
import { parseListing } from '../../../cloud/operations/listing.ts';

const HEADER = 'deviceid,weatherstationname,timezone,serial';

describe('a list of stations for the claim', () => {
  it('has the columns of stations.csv and the number of the board, in any order', () => {
    expect(
      parseListing(
        `\uFEFF${HEADER}\r\n17,"Lancing, Beach",Europe/London,10000000ABCDEF01\r\n\r\n18,Hove,,\r\n`,
      ),
    ).toEqual([
      {
        deviceid: '17',
        weatherstationname: 'Lancing, Beach',
        timezone: 'Europe/London',
        serial: '10000000abcdef01',
      },
      { deviceid: '18', weatherstationname: 'Hove', timezone: '' },
    ]);
    expect(parseListing('serial,weatherstationname,deviceid\nboard-1,Hove,18\n')[0]?.serial).toBe('board-1');
  });

  it('names every line that is wrong, and lists nothing of it', () => {
    const lines = [
      'a b,Hove,,',
      '17,Hove,Nowhere/Town,',
      '18,Hove,,a/b',
      '19,Hove,,board-1',
      '19,,,',
      '20,A,,BOARD-1',
    ];
    expect(() => parseListing([HEADER, ...lines].join('\n'))).toThrow(
      [
        'line 2: no station id: 1 to 100 letters, digits, :, _ or -',
        'line 3: no time zone of the tz database',
        'line 4: "a/b" is no serial number of a board',
        'line 6: a name has 1 to 128 characters in one line and is not blank',
        'line 7: board board-1 is in line 5 already',
      ].join('\n'),
    );
  });

  it('refuses columns it does not know, and a list of nobody', () => {
    expect(() => parseListing('deviceid,name\n17,Hove\n')).toThrow(
      'no column of this list: name; there are deviceid,',
    );
    expect(() => parseListing(`${HEADER}\n`)).toThrow('the list names no station');
    expect(() => parseListing('')).toThrow('the list names no station');
  });
});
