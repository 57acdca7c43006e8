/** What Node.js runs in the single executable. */
import { getAsset, getRawAsset } from 'node:sea';
import { createLoader, type Require } from './loader.ts';

/** In a single executable, it only loads modules of Node.js. */
declare const require: Require;

const read = (name: string) => Buffer.from(getRawAsset(name) as ArrayBuffer);
const { requireModule } = createLoader({
  readScript: (part) => read(`${part}.js`),
  readCode: (part) => read(`${part}.code`),
  requireBuiltin: require,
});
requireModule(getAsset('main', 'utf8'));
