using System.CommandLine;
using SampleHosting;

namespace AlignHuggingFace;

/// <summary>Where a run computes and writes, and how far it goes. Stateless.</summary>
internal static class RunOptions
{
    public static readonly Option<long> Seed = CommonOptions.Seed();

    public static readonly Option<string> Output = OutputFolder();

    public static readonly Option<string> References = new Option<string>("--references")
    {
        Description =
            "The store of reference rewards; runs of one model, judge, length and seed may share it, one after the other "
            + $"[default: {ReferenceRewards.FileName} in --output].",
    }.Checked(IsFile, value => $"--references is '{value}'; it must be a file, which may be new");

    public static readonly Option<string> Device = CommonOptions.Device();

    public static readonly Option<string> ReferenceDevice = new Option<string>("--reference-device")
    {
        Description = "Device of the reference and the judges [default: --device].",
    }.Checked(CommonOptions.IsDevice, value => $"--reference-device is '{value}'; it must be cpu, cuda or cuda:<index>");

    public static readonly Option<int> Threads = OptionChecks.Number(
        "--threads",
        "Threads inside an operation; the tiny models take 1.",
        Environment.ProcessorCount,
        value => value is >= 1 and <= 256,
        "1 to 256"
    );

    public static readonly Option<bool> Quick = new("--quick") { Description = "A small run, to see that everything works." };

    public static readonly Option<bool> Plain = FastRuntime.Plain();

    public static readonly Option<bool> EstimateOnly = new("--estimate")
    {
        Description = "Print the time and the memory that the run would take, and stop.",
    };

    public static readonly Option<bool> ReferencesOnly = new("--references-only")
    {
        Description = "Draw the reference samples, print what Best-of-N would gain with them, and stop: for the choice of N.",
    };

    public static readonly Option<string> MakeTiny = new Option<string>("--make-tiny")
    {
        Description = "Write a tiny GPT-2, a tiny classifier and prompts to this directory, and stop.",
    }.Checked(CommonOptions.IsFolder, value => $"--make-tiny is '{value}'; it must be a folder, which may be new");

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } =
    [Seed, Output, References, Device, ReferenceDevice, Threads, Quick, Plain, EstimateOnly, ReferencesOnly, MakeTiny];

    private static bool IsFile(string path) =>
        !string.IsNullOrWhiteSpace(path)
        && !path.Contains('\0', StringComparison.Ordinal)
        && !Path.EndsInDirectorySeparator(path)
        && !Directory.Exists(path)
        && CommonOptions.IsFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static Option<string> OutputFolder()
    {
        var option = CommonOptions.Output(
            "Folder for the aligned model, checkpoints, metrics and the store of reference rewards; a run that was stopped goes on from it."
        );
        option.DefaultValueFactory = _ => Path.Combine("output", "aligned");
        return option;
    }
}
