using System.CommandLine;
using SampleHosting;

namespace SentimentControl;

/// <summary>What the user asked for.</summary>
internal sealed record Arguments
{
    public required string Dataset { get; init; }

    /// <summary>The values of N in ascending order.</summary>
    public required IReadOnlyList<double> N { get; init; }

    public required long Seed { get; init; }

    public required string Output { get; init; }

    public required string Device { get; init; }

    /// <summary>Fine-tuning runs at a time.</summary>
    public required int Threads { get; init; }

    public required bool Quick { get; init; }

    /// <summary>Whether products with weights are bfloat16, from the reference samples on.</summary>
    public bool MixedPrecision { get; init; }

    /// <summary>Whether libtorch is left as it is by itself.</summary>
    public bool PlainRuntime { get; init; }

    /// <summary>A prompt to try saved weights with; null to run the experiment.</summary>
    public string? Sample { get; init; }
}

/// <summary>The options of the program. Stateless.</summary>
internal static class CommandLine
{
    private const string Purpose =
        "Fine-tunes a small language model so that one sample of it is worth the best of N, and compares with three baselines.";

    private static readonly Option<string> Dataset = CommandOptions.Dataset();
    private static readonly Option<string> N = CommandOptions.N("2,4,8,16; with --quick 2,8");
    private static readonly Option<long> Seed = CommonOptions.Seed();
    private static readonly Option<string> Output = CommonOptions.Output(
        "Folder for results, plots and weights [default: output/<dataset>-seed<seed>]."
    );

    private static readonly Option<string> Device = CommonOptions.Device();
    private static readonly Option<int> Threads = CommandOptions.Threads();
    private static readonly Option<bool> MixedPrecision = new("--mixed-precision")
    {
        Description =
            "Draw, score and fine-tune with products in bfloat16 and everything else in float32; it makes models this small no faster.",
    };

    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "A smaller run: within a minute on two idle cores, austen within two; several times that beside other work.",
    };
    private static readonly Option<bool> Plain = FastRuntime.Plain();
    private static readonly Option<string> Sample = new Option<string>("--sample")
    {
        Description = "Continue this prompt with the weights saved in the output folder, without training.",
    }.Checked(value => !string.IsNullOrWhiteSpace(value), _ => "--sample needs a prompt, such as \"the plot was\"");

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var program = new RootCommand(Purpose) { Dataset, N, Seed, Output, Device, Threads, Quick, MixedPrecision, Plain, Sample };
        program.Validators.Add(result =>
        {
            Option[] idle = [N, Threads, Quick, MixedPrecision];
            if (result.GetResult(Sample) is not null)
            {
                foreach (var option in idle.Where(option => result.GetResult(option) is { Implicit: false }))
                    result.AddError($"{option.Name} cannot be combined with --sample, which trains nothing");
            }
        });
        program.SetAction((result, stop) => run(Read(result), stop));
        return CommandHost.InvokeAsync(program, args);
    }

    private static Arguments Read(ParseResult result)
    {
        string dataset = result.GetRequiredValue(Dataset);
        long seed = result.GetValue(Seed);
        bool quick = result.GetValue(Quick);
        return new Arguments
        {
            Dataset = dataset,
            N = CommandOptions.ParseN(result.GetValue(N) ?? (quick ? "2,8" : "2,4,8,16"))!,
            Seed = seed,
            Output = result.GetValue(Output) ?? Path.Combine("output", $"{dataset}-seed{seed}"),
            Device = result.GetRequiredValue(Device),
            Threads = result.GetValue(Threads),
            Quick = quick,
            MixedPrecision = result.GetValue(MixedPrecision),
            PlainRuntime = result.GetValue(Plain),
            Sample = result.GetValue(Sample),
        };
    }
}
