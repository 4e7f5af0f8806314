/**
 * The URL of the site. The test puts the real URL into the bundle.
 *
 * @module
 */

/** The URL of the site, such as `http://127.0.0.1:8000`. */
export const SITE = "http://site.invalid";
