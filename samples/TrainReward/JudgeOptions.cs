using System.CommandLine;
using SampleHosting;

namespace TrainReward;

/// <summary>The pairs, and how the judge is trained on them. Stateless.</summary>
internal static class JudgeOptions
{
    public static readonly Option<string> Model = new Option<string>("--model")
    {
        Description =
            "Directory of a causal language model from Hugging Face: the judge starts from it, "
            + "with a new head [default: a small one, trained within a minute on film reviews].",
    }.Checked(Directory.Exists, value => $"--model is '{value}'; there is no such directory");

    public static readonly Option<string> Pairs = File(
        "--pairs",
        "Preference pairs in JSON Lines: prompt, chosen, rejected, as texts "
            + "or messages. Needed with --model [default: reviews with a known truth]."
    );

    public static readonly Option<string> HeldOutPairs = File(
        "--held-out-pairs",
        "Pairs to measure the judge on [default: the pairs of the prompts that --held-out takes from --pairs]."
    );

    public static readonly Option<double> HeldOutShare = OptionChecks.Number(
        "--held-out",
        "Share of the prompts of --pairs that are held out.",
        0.1,
        value => value is > 0 and < 1,
        "above 0 and below 1"
    );

    public static readonly Option<bool> SkipFaulty = new("--skip-faulty")
    {
        Description =
            "Leave out faulty pairs (equal answers, different prompts, held-out pairs that are trained on) instead of refusing to run.",
    };

    public static readonly Option<double> Flipped = OptionChecks.Number(
        "--flipped",
        "f, the share of wrong labels in the embedded set (the film reviews).",
        0.2,
        value => value is >= 0 and < 0.5,
        "0 to below 0.5"
    );

    public static readonly Option<int?> Steps = OptionChecks.Number<int>(
        "--steps",
        "Steps of training the judge [default: 1200; with --quick 100; with --model 300].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int> PairsPerStep = OptionChecks.Number(
        "--pairs-per-step",
        "Pairs of one step.",
        64,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int> PairsPerPass = OptionChecks.Number(
        "--pairs-per-pass",
        "Pairs of one backward pass: fewer need less memory.",
        64,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<double?> LearningRate = OptionChecks.Number<double>(
        "--learning-rate",
        "Peak of the learning rate [default: 3e-3; with --model 1e-5, with --lora 2e-4].",
        value => value > 0,
        "above 0"
    );

    public static readonly Option<double> Centring = OptionChecks.Number(
        "--centring",
        "Weight of (r_c + r_r)^2 in the loss, which keeps the mean reward near 0.",
        0.01,
        value => value >= 0,
        "at least 0"
    );

    public static readonly Option<bool> Lora = new("--lora")
    {
        Description = "Train low-rank adapters and the head instead of all weights.",
    };

    public static readonly Option<int> CheckpointEvery = OptionChecks.Number(
        "--checkpoint-every",
        "Steps between two checkpoints.",
        100,
        value => value >= 1,
        "at least 1"
    );

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } =
    [
        Model,
        Pairs,
        HeldOutPairs,
        HeldOutShare,
        SkipFaulty,
        Flipped,
        Steps,
        PairsPerStep,
        PairsPerPass,
        LearningRate,
        Centring,
        Lora,
        CheckpointEvery,
    ];

    private static Option<string> File(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            System.IO.File.Exists,
            value => $"{name} is '{value}'; there is no such file"
        );
}
