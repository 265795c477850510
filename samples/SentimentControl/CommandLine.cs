using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using SentimentControl.Datasets;
using SentimentControl.Grid;
using SentimentControl.Reporting;

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

    /// <summary>All methods, N and studies over several seeds, instead of the default run.</summary>
    public required bool Full { get; init; }

    /// <summary>The seeds of a full run.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>The methods of a full run.</summary>
    public required IReadOnlyList<Method> Methods { get; init; }

    /// <summary>The studies of a full run; null for all where the dataset's runs are short, else none.</summary>
    public required IReadOnlyList<string>? Studies { get; init; }

    /// <summary>A prompt to try saved weights with; null to run the experiment.</summary>
    public string? Sample { get; init; }

    /// <summary>A folder to make the checkpoint of the austen dataset in; null to run the experiment.</summary>
    public string? Pretrain { get; init; }
}

/// <summary>The options of the program. Stateless.</summary>
internal static class CommandLine
{
    public const int UsageError = 2;
    private static readonly Option<string> Dataset = new("--dataset") { Description = $"Text to work on: {string.Join(" or ", DatasetCatalog.Names)}.", DefaultValueFactory = _ => DatasetCatalog.Names[0] };
    private static readonly Option<string> N = new("--n") { Description = "Comma-separated values of N, the draws that one sample is to be worth [default: 2,4,8,16; with --quick 2,8]." };
    private static readonly Option<long> Seed = new("--seed") { Description = "Seed of everything random, 0 or more.", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> Output = new("--output") { Description = "Folder for results, plots and weights [default: output/<dataset>-seed<seed>]." };
    private static readonly Option<string> Device = new("--device") { Description = "cpu, cuda, or cuda:<index>.", DefaultValueFactory = _ => "cpu" };
    private static readonly Option<int> Threads = new("--threads") { Description = "Fine-tuning runs at a time, one thread each.", DefaultValueFactory = _ => Math.Min(2, Environment.ProcessorCount) };
    private static readonly Option<bool> Quick = new("--quick") { Description = "A smaller run, within a minute on two cores." };
    private static readonly Option<bool> Full = new("--full") { Description = "Every method, N = 2 to 64, studies of cache size, temperature and more, over the seeds 1, 2 and 3; on austen the paper's methods, the others at the middle N, no studies. Goes on where it was stopped." };
    private static readonly Option<string> Seeds = new("--seeds") { Description = "Comma-separated seeds of --full [default: 1,2,3; with --quick 1]." };
    private static readonly Option<string> Methods = new("--methods") { Description = $"Comma-separated methods of --full, of {string.Join(", ", GridPlan.Methods.Select(NameOf))} [default: all]." };
    private static readonly Option<string> Studies = new("--studies") { Description = $"Comma-separated studies of --full, of {string.Join(", ", GridPlan.Studies)}, or none [default: all, but none on austen and where --n or --methods is given]." };
    private static readonly Option<string> Sample = new("--sample") { Description = "Continue this prompt with the weights saved in the output folder, without training." };
    private static readonly Option<string> Pretrain = new("--pretrain") { Description = "Make vocabulary and language model of the austen dataset anew from its text in this folder (half an hour), without the experiment." };

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static async Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        Option[] options = [Dataset, N, Seed, Output, Device, Threads, Quick, Full, Seeds, Methods, Studies, Sample, Pretrain];
        var command = new RootCommand("Fine-tunes a small language model so that one sample of it is worth the best of N, and compares with three baselines.");
        foreach (var option in options)
            command.Add(option);
        AddChecks();
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        command.SetAction((result, _) => run(Read(result), stop.Token));
        var parsed = command.Parse(args);
        if (parsed.Errors.Count == 0)
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        Console.Error.WriteLine($"{parsed.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.')}. Try --help.");
        return UsageError;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static Arguments Read(ParseResult result)
    {
        string dataset = result.GetRequiredValue(Dataset);
        long seed = result.GetValue(Seed);
        bool quick = result.GetValue(Quick), full = result.GetValue(Full);
        return new Arguments
        {
            Dataset = dataset,
            N = ParseN(result.GetValue(N) ?? (full ? (quick ? "2,4" : "2,4,8,16,32,64") : quick ? "2,8" : "2,4,8,16"))!,
            Seed = seed,
            Output = result.GetValue(Output) ?? Path.Combine("output", full ? $"{dataset}-full{(quick ? "-quick" : "")}" : $"{dataset}-seed{seed}"),
            Device = result.GetRequiredValue(Device),
            Threads = result.GetValue(Threads),
            Quick = quick,
            Full = full,
            Seeds = ParseSeeds(result.GetValue(Seeds) ?? (quick ? "1" : "1,2,3"))!,
            Methods = result.GetValue(Methods) is string methods ? ParseMethods(methods)! : GridPlan.Methods,
            Studies = result.GetValue(Studies) is string studies ? ParseStudies(studies) : result.GetValue(N) is null && result.GetValue(Methods) is null ? null : [],
            Sample = result.GetValue(Sample),
            Pretrain = result.GetValue(Pretrain),
        };
    }

    private static void AddChecks()
    {
        Check(Dataset, DatasetCatalog.Names.Contains, value => $"--dataset is '{value}'; it must be {string.Join(" or ", DatasetCatalog.Names)}");
        Check(N, value => ParseN(value) is not null, value => $"--n is '{value}'; it must be different whole numbers from 2 to 1000, such as 2,4,8,16");
        Check(Seed, value => value >= 0, value => $"--seed is {value}; it must be at least 0");
        Check(Seeds, value => ParseSeeds(value) is not null, value => $"--seeds is '{value}'; it must be different whole numbers of at least 0, such as 1,2,3");
        Check(Methods, value => ParseMethods(value) is not null, value => $"--methods is '{value}'; it must be different methods of {string.Join(", ", GridPlan.Methods.Select(NameOf))}");
        Check(Studies, value => ParseStudies(value) is not null, value => $"--studies is '{value}'; it must be none, or different studies of {string.Join(", ", GridPlan.Studies)}");
        Check(Threads, value => value is >= 1 and <= 64, value => $"--threads is {value}; it must be 1 to 64");
        Check(Device, IsDevice, value => $"--device is '{value}'; it must be cpu, cuda or cuda:<index>");
        Check(Output, value => !string.IsNullOrWhiteSpace(value) && !File.Exists(value), value => $"--output is '{value}'; it must be a folder, which may be new");
        Check(Pretrain, value => !string.IsNullOrWhiteSpace(value) && !File.Exists(value), value => $"--pretrain is '{value}'; it must be a folder, which may be new");
        Check(Sample, value => !string.IsNullOrWhiteSpace(value), _ => "--sample needs a prompt, such as \"the plot was\"");
    }

    private static void Check<T>(Option<T> option, Func<T, bool> holds, Func<T, string> message) => option.Validators.Add((OptionResult result) =>
    {
        try
        {
            if (result.Tokens.Count > 0 && !result.Errors.Any() && result.GetValue(option) is T value && !holds(value))
                result.AddError(message(value));
        }
        catch (InvalidOperationException)
        {
            result.AddError($"{option.Name} is '{result.Tokens[0].Value}'; it must be a whole number");
        }
    });

    private static bool IsDevice(string value) =>
        value is "cpu" or "cuda" || (value.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(value.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private static double[]? ParseN(string text)
    {
        var values = new SortedSet<double>();
        foreach (string part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int n) || n is < 2 or > 1000 || !values.Add(n))
                return null;
        }

        return [.. values];
    }

    private static string NameOf(Method method) => JsonNamingPolicy.KebabCaseLower.ConvertName(method.ToString());

    private static Method[]? ParseMethods(string text)
    {
        string[] names = [.. text.Split(',').Select(name => name.Trim())];
        Method[] methods = [.. GridPlan.Methods.Where(method => names.Contains(NameOf(method)))];
        return methods.Length == names.Length ? methods : null;
    }

    private static string[]? ParseStudies(string text)
    {
        string[] names = [.. text.Split(',').Select(name => name.Trim())];
        return names is ["none"] ? [] : names.Distinct().All(GridPlan.Studies.Contains) && names.Distinct().Count() == names.Length ? names : null;
    }

    private static long[]? ParseSeeds(string text)
    {
        var values = new SortedSet<long>();
        foreach (string part in text.Split(','))
        {
            if (!long.TryParse(part, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long seed) || !values.Add(seed))
                return null;
        }

        return [.. values];
    }
}
