using System.CommandLine;
using AlignHuggingFace.Prompts;
using SampleHosting;

namespace AlignHuggingFace;

/// <summary>What goes in: the model, the judges, the prompts. Stateless.</summary>
internal static class InputOptions
{
    public static readonly Option<string> Model = Folder(
        "--model",
        "Directory of a causal language model as downloaded from Hugging Face (config.json, weights, tokenizer) [default: a tiny GPT-2, "
            + "made within seconds]."
    );

    public static readonly Option<string> Reward = Judge(
        "--reward",
        $"Directory of a sequence classifier, or \"{Arguments.Function}\" for the judge in WordJudge.cs [default with --model: "
            + $"{Arguments.Function}]."
    );

    public static readonly Option<string> Label = new("--label")
    {
        Description = "The label that is rewarded, such as POSITIVE; needed where the classifier has more than one.",
    };

    public static readonly Option<string> SecondReward = Judge(
        "--second-reward",
        $"Another judge, a directory or \"{Arguments.Function}\", that measures held-out answers and is not trained on: "
            + "it shows whether the policy exploits the first judge."
    );

    public static readonly Option<string> SecondLabel = new("--second-label") { Description = "The label of --second-reward." };

    public static readonly Option<int?> Watch = OptionChecks.Number<int>(
        "--watch",
        "During training measure held-out answers with --second-reward each time after this many steps, and warn when the first judge "
            + "rates them higher and the second lower than before [default: never].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<string> Prompts = new Option<string>("--prompts")
    {
        Description = $"The prompts: {PromptFile.Endings}. Needed with --model.",
    }.Checked(File.Exists, value => $"--prompts is '{value}'; there is no such file");

    public static readonly Option<string> Column = new("--prompt-column")
    {
        Description =
            "The column of --prompts with the prompts: texts, or conversations as arrays of messages [default: prompt, or else messages].",
    };

    public static readonly Option<LongPrompts> TooLong = new("--long-prompts")
    {
        Description =
            "What to do with prompts that leave no room for a completion in the model's context: "
            + "refuse to run, skip them, or truncate them at their beginning.",
        DefaultValueFactory = _ => LongPrompts.Refuse,
    };

    public static readonly Option<int?> HeldOut = OptionChecks.Number<int>(
        "--held-out",
        "How many prompts are held out, to measure on [default: a fifth, at most 100].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int> HeldOutCompletions = OptionChecks.Number(
        "--held-out-completions",
        "Completions of each held-out prompt, of the reference and of the policy.",
        16,
        value => value >= 2,
        "at least 2"
    );

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } =
    [Model, Reward, Label, SecondReward, SecondLabel, Watch, Prompts, Column, TooLong, HeldOut, HeldOutCompletions];

    private static Option<string> Folder(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            Directory.Exists,
            value => $"{name} is '{value}'; there is no such directory"
        );

    private static Option<string> Judge(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            value => value == Arguments.Function || Directory.Exists(value),
            value => $"{name} is '{value}'; it must be a directory or \"{Arguments.Function}\""
        );
}
