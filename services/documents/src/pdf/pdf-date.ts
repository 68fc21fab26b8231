const INFO = /^D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?'?)?/;
const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/;

/** ISO 8601 of a date of the information dictionary (ISO 32000-2, 7.9.4); undefined when it is none. */
export function isoDate(date: string | undefined): string | undefined {
  const match = INFO.exec(date ?? '');
  if (!match) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', sign, hours, minutes = '00'] =
    match;
  const zone = sign && hours ? `${sign}${hours}:${minutes}` : 'Z';
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`;
}

/** The other way round. */
export function infoDate(date: string | undefined): string | undefined {
  const match = ISO.exec(date ?? '');
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, zone = 'Z'] = match;
  const written = zone === 'Z' ? 'Z' : `${zone.replace(':', "'")}'`;
  return `D:${year}${month}${day}${hour}${minute}${second}${written}`;
}
