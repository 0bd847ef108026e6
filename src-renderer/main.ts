import { mount } from "svelte";
import App from "./App.svelte";
import { applyRememberedAppearance } from "./state/app.svelte.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

applyRememberedAppearance();
const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target });
