import { render } from "preact";

import { App } from "./shell/app";
import "./styles.css";

const root = document.getElementById("page");
if (root) {
  render(<App needsKey={document.documentElement.dataset.needsKey === "yes"} />, root);
}
