using System.CommandLine;
using SampleHosting;
using VariationalBoN.References;

namespace AlignHuggingFace;

/// <summary>N, how many samples of the reference there are to each prompt, and which process draws them. Stateless.</summary>
internal static class SamplingOptions
{
    public static readonly Option<double> N = OptionChecks.Number(
        "--n",
        "N, the draws that one sample is to be worth.",
        8.0,
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<int?> Samples = OptionChecks.Number<int>(
        "--samples",
        "M, reference samples of each prompt [default: 8 N, at least 32].",
        value => value >= 1,
        "at least 1"
    );

    public static readonly Option<string> Part = new Option<string>("--shard")
    {
        Description =
            "Draw this part of the reference samples into a store of its own, beside --references, and stop: index/count such as 0/8, "
            + $"or \"{Arguments.Job}\" for what a SLURM array or an Indexed Job of Kubernetes says. All parts take the same other options.",
    }.Checked(IsShard, value => $"--shard is '{value}'; it must be index/count, such as 0/8, the first of eight, or {Arguments.Job}");

    public static readonly Option<bool> Merge = new("--merge")
    {
        Description = "Join the stores that --shard drew, which lie beside --references, and go on with all of them.",
    };

    public static readonly Option<bool> AnyExecution = new("--accept-other-execution")
    {
        Description =
            "Let --shard and --merge join samples that were drawn on other processors, or with other --threads or versions: these differ "
            + "in the last digits, not in distribution.",
    };

    public static readonly Option<int?> Block = OptionChecks.Number<int>(
        "--samples-per-block",
        "Draw the samples of a prompt in blocks of this many, a divisor of --samples: then every division into shards and every restart "
            + "gives the same bits. A shard draws whole blocks "
            + $"[default: {ReferenceRewards.SamplesPerBlock} with --shard, else all at once].",
        value => value >= 1,
        "at least 1"
    );

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } = [N, Samples, Part, Merge, AnyExecution, Block];

    private static bool IsShard(string text)
    {
        try
        {
            return text == Arguments.Job || Shard.Parse(text).Count > 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
