import { Command } from "commander";

const program = new Command("sift").description("A workbench for supervised fine-tuning of language models");
program.parse();
