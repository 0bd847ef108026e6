"""Names of transformers' TrainingArguments and PEFT's LoraConfig: python make_names.py > names.json"""
import dataclasses, json, peft, transformers

names = lambda c: sorted(f.name for f in dataclasses.fields(c))
out = {
    "transformers": transformers.__version__,
    "peft": peft.__version__,
    "TrainingArguments": names(transformers.TrainingArguments),
    "LoraConfig": names(peft.LoraConfig),
}
print(json.dumps(out, indent=1))
