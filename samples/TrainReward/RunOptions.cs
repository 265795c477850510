using System.CommandLine;
using SampleHosting;

namespace TrainReward;

/// <summary>What the judge is tried on, and where a run computes and writes. Stateless.</summary>
internal static class RunOptions
{
    public static readonly Option<double> N = OptionChecks.Number(
        "--n",
        "N, the draws that one sample is to be worth.",
        8.0,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int?> Prompts = OptionChecks.Number<int>(
        "--prompts",
        "Prompts to draw answers for: up to so many training and so many held-out prompts [default: 48; with --quick 8].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int?> Samples = OptionChecks.Number<int>(
        "--samples",
        "M, reference samples of each prompt [default: 128; with --quick 32].",
        value => value >= 2,
        "at least 2"
    );

    public static readonly Option<int> MaxNewTokens = OptionChecks.Number(
        "--max-new-tokens",
        "The most tokens of an answer.",
        32,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int?> Align = OptionChecks.Number<int>(
        "--align",
        "Steps of alignment by the judge, 0 for none [default: 100; with --quick 15; with --model 0].",
        value => value >= 0,
        "at least 0"
    );

    public static readonly Option<long> Seed = CommonOptions.Seed();

    public static readonly Option<string> Output = CommonOptions.Output(
        "Folder for the judge, checkpoints, metrics, reports and "
            + "reference rewards; a run that was stopped goes on from it [default: output/judge-seed<seed>]."
    );

    public static readonly Option<int> Threads = OptionChecks.Number(
        "--threads",
        "Threads of libtorch, with --model; a small model takes 1.",
        Environment.ProcessorCount,
        value => value is >= 1 and <= 1024,
        "1 to 1024"
    );

    public static readonly Option<bool> Quick = new("--quick")
    {
        Description = "A small run on the embedded set: takes seconds, and the judge is not yet good.",
    };

    public static readonly Option<bool> Plain = FastRuntime.Plain();

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } = [N, Prompts, Samples, MaxNewTokens, Align, Seed, Output, Threads, Quick, Plain];
}
