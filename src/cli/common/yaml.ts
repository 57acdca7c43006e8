/** YAML, which only some commands load. A bundle gives a dynamic import of the package itself no named exports. */
export { stringify } from 'yaml';
