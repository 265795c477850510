using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using SampleHosting;
using SentimentControl;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The command <c>grid</c> with its options. Stateless.</summary>
internal static class GridCommand
{
    private const string Purpose =
        "Every method, N = 2 to 64, studies of cache size, temperature and more, over three seeds; "
        + "on austen the paper's methods, the others at the middle N, no studies. "
        + "Each run has a file of its own: the same command goes on where it was stopped.";

    private static readonly string s_methods = string.Join(", ", GridPlan.Methods.Select(NameOf));
    private static readonly string s_studies = string.Join(", ", GridPlan.Studies);
    private static readonly Option<string> s_dataset = CommandOptions.Dataset();
    private static readonly Option<string> s_n = CommandOptions.N("2,4,8,16,32,64; with --quick 2,4");
    private static readonly Option<string> s_seeds = new Option<string>("--seeds")
    {
        Description = "Comma-separated seeds [default: 1,2,3; with --quick 1].",
    }.Checked(
        value => CommandOptions.ParseWhole(value) is not null,
        value => $"--seeds is '{value}'; it must be different whole numbers of at least 0, such as 1,2,3"
    );

    private static readonly Option<string> s_wantedMethods = new Option<string>("--methods")
    {
        Description = $"Comma-separated methods, of {s_methods} [default: all].",
    }.Checked(value => ParseMethods(value) is not null, value => $"--methods is '{value}'; it must be different methods of {s_methods}");

    private static readonly Option<string> s_wantedStudies = new Option<string>("--studies")
    {
        Description =
            $"Comma-separated studies, of {s_studies}, or none "
            + "[default: all, but none on austen and where --n or --methods is given].",
    }.Checked(
        value => ParseStudies(value) is not null,
        value => $"--studies is '{value}'; it must be none, or different studies of {s_studies}"
    );

    private static readonly Option<string> s_output = CommonOptions.Output(
        "Folder for runs, tables and figures [default: output/<dataset>-full, with --quick output/<dataset>-full-quick]."
    );

    private static readonly Option<string> s_device = CommonOptions.Device();
    private static readonly Option<int> s_threads = CommandOptions.Threads();
    private static readonly Option<bool> s_quick = new("--quick")
    {
        Description = "Every method and every study once, small: a few minutes on two cores.",
    };

    /// <summary>The command.</summary>
    /// <param name="run">What it does; returns the exit code.</param>
    public static Command Create(Func<GridArguments, CancellationToken, Task<int>> run)
    {
        var command = new Command("grid", Purpose)
        {
            s_dataset,
            s_n,
            s_seeds,
            s_wantedMethods,
            s_wantedStudies,
            s_output,
            s_device,
            s_threads,
            s_quick,
        };
        command.Validators.Add(result =>
        {
            if (Conflict(result) is string conflict)
                result.AddError(conflict);
        });
        command.SetAction((result, stop) => run(Read(result), stop));
        return command;
    }

    /// <summary>What two options together cannot mean; null where they agree, or one of them is wrong by itself.</summary>
    private static string? Conflict(CommandResult result)
    {
        bool quick = result.GetValue(s_quick);
        Method[]? methods = result.GetValue(s_wantedMethods) is string names ? ParseMethods(names) : GridPlan.Methods;
        string[]? studies = result.GetValue(s_wantedStudies) is string wanted ? ParseStudies(wanted) : [];
        if (CommandOptions.ParseN(result.GetValue(s_n) ?? DefaultN(quick)) is not { } ns || methods is null || studies is null)
            return null;
        if (methods.Contains(Method.Iterated) && ns.FirstOrDefault(n => !int.IsPow2((int)n)) is var odd && odd != 0)
            return $"--n holds {odd}; iterated Best-of-2 reaches powers of two alone. Change it, or leave iterated out of --methods";
        string? idle = studies.FirstOrDefault(study => GridPlan.Of([2], [1], methods, [study], quick).All(run => run.Study != study));
        return idle is null
            ? null
            : $"--studies holds {idle}, which has no run of the --methods {string.Join(", ", methods.Select(NameOf))}";
    }

    private static GridArguments Read(ParseResult result)
    {
        string dataset = result.GetRequiredValue(s_dataset);
        bool quick = result.GetValue(s_quick);
        string? n = result.GetValue(s_n),
            methods = result.GetValue(s_wantedMethods),
            studies = result.GetValue(s_wantedStudies);
        return new GridArguments
        {
            Dataset = dataset,
            N = CommandOptions.ParseN(n ?? DefaultN(quick))!,
            Seeds = CommandOptions.ParseWhole(result.GetValue(s_seeds) ?? (quick ? "1" : "1,2,3"))!,
            Methods = methods is null ? GridPlan.Methods : ParseMethods(methods)!,
            Studies =
                studies is not null ? ParseStudies(studies)
                : n is null && methods is null ? null
                : [],
            Output = result.GetValue(s_output) ?? Path.Combine("output", $"{dataset}-full{(quick ? "-quick" : "")}"),
            Device = result.GetRequiredValue(s_device),
            Threads = result.GetValue(s_threads),
            Quick = quick,
        };
    }

    private static string DefaultN(bool quick) => quick ? "2,4" : "2,4,8,16,32,64";

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
        if (names is ["none"])
            return [];
        return names.All(GridPlan.Studies.Contains) && names.Distinct().Count() == names.Length ? names : null;
    }
}
