using System.CommandLine;
using SampleHosting;
using SentimentControl.Reporting;
using TorchSharp;
using VariationalBoN.Experiments.Grid;
using VariationalBoN.Experiments.Pretraining;

namespace VariationalBoN.Experiments;

/// <summary>The commands of the program: grid and pretrain. Stateless.</summary>
internal static class ExperimentsCommandLine
{
    private const string Purpose = "Experiments with the parts of samples/SentimentControl: all methods in one grid, the model of austen.",
        Making =
            "Makes vocabulary and language model of the austen dataset anew from its text: half an hour, in as many runs as one likes.";

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
        return CommandHost.InvokeAsync(new RootCommand(Purpose) { GridCommand.Create(grid), making }, args);
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
