using System.CommandLine;
using SampleHosting;
using SentimentControl;
using SentimentControl.Reporting;
using TorchSharp;
using VariationalBoN.Experiments.Grid;
using VariationalBoN.Experiments.Long;
using VariationalBoN.Experiments.Pretraining;

namespace VariationalBoN.Experiments;

/// <summary>The commands of the program: grid, long and pretrain. Stateless.</summary>
internal static class ExperimentsCommandLine
{
    private const string Purpose = "Experiments with the parts of samples/SentimentControl: all methods in one grid, the model of austen.",
        Making =
            "Makes vocabulary and language model of the austen dataset anew from its text: half an hour, in as many runs as one likes.",
        LongAnswers =
            "Guided decoding on answers of 200 tokens, with rewards that are no sum over tokens and with other states of the value head: "
            + "a table on the screen, some twenty minutes.";

    private static readonly Option<string> s_seeds = new Option<string>("--seeds")
    {
        Description = "Comma-separated seeds.",
        DefaultValueFactory = _ => "1,2,3",
    }.Checked(
        value => CommandOptions.ParseWhole(value) is not null,
        value => $"--seeds is '{value}'; it must be different whole numbers of at least 0, such as 1,2,3"
    );

    private static readonly Option<string> s_rewards = new Option<string>("--rewards")
    {
        Description = "Comma-separated rewards.",
        DefaultValueFactory = _ => string.Join(',', LongReward.All.Select(reward => reward.Name)),
    }.Checked(
        value => ParseRewards(value) is not null,
        value => $"--rewards is '{value}'; it must be different ones of {string.Join(", ", LongReward.All.Select(reward => reward.Name))}"
    );

    /// <summary>Parses the arguments and runs the command, or prints help or one line that says what is wrong.</summary>
    /// <returns>The exit code: 0, 1 for a failure, 2 for wrong arguments, 130 when it was stopped.</returns>
    public static Task<int> InvokeAsync(string[] args) => InvokeAsync(args, GridAsync, PretrainAsync);

    /// <summary>Parses the arguments and runs other work behind the commands.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="grid">Runs the grid; returns the exit code.</param>
    /// <param name="pretrain">Makes the checkpoint in a folder; returns the exit code.</param>
    public static Task<int> InvokeAsync(
        string[] args,
        Func<GridArguments, CancellationToken, Task<int>> grid,
        Func<string, CancellationToken, Task<int>> pretrain
    )
    {
        var folder = new Argument<string>("FOLDER") { Description = "Where the files are written; made when missing." }.Checked(
            CommonOptions.IsFolder,
            value => $"FOLDER is '{value}'; it must be a folder, which may be new"
        );
        var making = new Command("pretrain", Making) { folder };
        making.SetAction((result, stop) => pretrain(result.GetRequiredValue(folder), stop));
        var answers = new Command("long", LongAnswers) { s_seeds, s_rewards };
        answers.SetAction(
            (result, stop) =>
            {
                long[] seeds = CommandOptions.ParseWhole(result.GetRequiredValue(s_seeds))!;
                LongReward[] rewards = ParseRewards(result.GetRequiredValue(s_rewards))!;
                return RunAsync(() => LongExperiment.RunAsync(rewards, seeds, Console.Out, stop), "Stopped.", stop);
            }
        );
        return CommandHost.InvokeAsync(new RootCommand(Purpose) { GridCommand.Create(grid), answers, making }, args);
    }

    private static LongReward[]? ParseRewards(string text)
    {
        string[] names = text.Split(',');
        LongReward[] rewards = [.. LongReward.All.Where(reward => names.Contains(reward.Name))];
        return rewards.Length == names.Length ? rewards : null;
    }

    private static Task<int> GridAsync(GridArguments arguments, CancellationToken stop) =>
        RunAsync(() => GridExperiment.RunAsync(arguments, Console.Out, stop), "Stopped; the same command goes on from here.", stop);

    private static Task<int> PretrainAsync(string folder, CancellationToken stop) =>
        RunAsync(
            () =>
            {
                CommonOptions.RequireWritable("FOLDER", folder);
                AustenPretraining.Run(folder, new RunProgress(Console.Out, !Console.IsOutputRedirected), stop);
                return Task.CompletedTask;
            },
            "Stopped; the same command goes on from here.",
            stop
        );

    private static Task<int> RunAsync(Func<Task> work, string stopped, CancellationToken stop) =>
        CommandHost.RunAsync(
            () =>
            {
                torch.set_num_threads(1); // whole runs go in parallel: for models this small that beats threads inside an operation
                return work();
            },
            stopped,
            stop
        );
}
