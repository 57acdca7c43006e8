/** An item of a header such as Accept or Accept-Encoding. */
export interface Weighted {
  /** In lower case, without parameters. */
  name: string;
  /** 0 to 1; 0, which means "not acceptable", if it is invalid. */
  weight: number;
}

/** Parses a list of items with weights (RFC 9110 section 12.4.2). Hono's parser reads an invalid weight as 1. */
export function parseWeighted(header: string): Weighted[] {
  return header.split(',').map((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice('q='.length) ?? 1);
    return { name, weight: weight >= 0 && weight <= 1 ? weight : 0 };
  });
}
