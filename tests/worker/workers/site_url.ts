/**
 * Where the site is: the test puts it into the bundle.
 *
 * @module
 */

/** Such as `http://127.0.0.1:8000`. */
export const SITE = "http://site.invalid";
