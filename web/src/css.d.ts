declare module "*.css" {
  /** The style sheet's text; the build minifies it. */
  const text: string;
  export default text;
}
