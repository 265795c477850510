using SentimentControl.Reporting;
using SentimentControl.Tests.Commands;
using VariationalBoN.Experiments;
using VariationalBoN.Experiments.Grid;

namespace SentimentControl.Tests.Experiments;

[Trait("Tier", "fast")]
[Collection("Console")]
public sealed class ExperimentsCommandLineTests
{
    [Theory]
    [InlineData("grid --seeds 1,1", "--seeds is '1,1'")]
    [InlineData("grid --seeds -1", "--seeds is '-1'")]
    [InlineData("grid --methods jeffreys,ppo", "--methods is 'jeffreys,ppo'; it must be different methods of variational-best-of-n")]
    [InlineData("grid --methods jeffreys,jeffreys", "--methods is 'jeffreys,jeffreys'")]
    [InlineData("grid --studies speed,none", "--studies is 'speed,none'; it must be none, or different studies of samples, temperature")]
    [InlineData("grid --n 0", "--n is '0'")]
    [InlineData("grid --n 2,3", "--n holds 3; iterated")]
    [InlineData("grid --methods dpo --studies speed", "--studies holds speed, which has no run of the --methods dpo")]
    [InlineData("grid --quick --methods dpo,clipped-ratio --studies speed", "--studies holds speed")] // small, speed is of vBoN alone
    [InlineData("grid --dataset tweets", "--dataset is 'tweets'")]
    [InlineData("grid --threads 0", "--threads is '0'")]
    [InlineData("grid --device tpu", "--device is 'tpu'")]
    [InlineData("grid --seed 1", "--seed")]
    [InlineData("grid --sample x", "--sample")]
    [InlineData("grid folder", "folder")]
    [InlineData("long --rewards sum,length", "--rewards is 'sum,length'; it must be different ones of sum, order, repetition, parity")]
    [InlineData("long --rewards sum,sum", "--rewards is 'sum,sum'")]
    [InlineData("long --seeds x", "--seeds is 'x'")]
    [InlineData("pretrain", "pretrain")]
    [InlineData("pretrain folder --seeds 1", "--seeds")]
    [InlineData("--full", "--full")]
    [InlineData("train", "train")]
    public async Task Wrong_arguments_give_one_line_and_exit_code_2(string arguments, string message)
    {
        bool ran = false;
        (int code, string error) = await Invoke(arguments, _ => ran = true, _ => ran = true);

        Assert.Equal(2, code);
        Assert.False(ran);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_grid_has_defaults_of_its_own()
    {
        GridArguments? whole = null,
            quick = null;
        await Invoke("grid", got => whole = got);
        await Invoke("grid --quick --seeds 5,4 --methods jeffreys,best-of-n-sft", got => quick = got);

        Assert.Equal([2, 4, 8, 16, 32, 64], whole!.N);
        Assert.Equal([1, 2, 3], whole.Seeds);
        Assert.Equal(Path.Combine("output", "reviews-full"), whole.Output);
        Assert.Equal(GridPlan.Methods, whole.Methods);
        Assert.Equal([Method.BestOfNSft, Method.Jeffreys], quick!.Methods);
        Assert.Equal([4, 5], quick.Seeds);
        Assert.Equal([2, 4], quick.N);
        Assert.Equal(Path.Combine("output", "reviews-full-quick"), quick.Output);
    }

    [Theory]
    [InlineData("grid", null)] // those that the dataset has time for
    [InlineData("grid --n 2", "")]
    [InlineData("grid --methods jeffreys", "")]
    [InlineData("grid --studies none", "")]
    [InlineData("grid --n 2 --studies tuning,speed", "tuning,speed")]
    public async Task Studies_come_with_the_whole_grid_or_when_asked_for(string line, string? studies)
    {
        GridArguments? arguments = null;
        await Invoke(line, got => arguments = got);

        Assert.Equal(studies, arguments!.Studies is null ? null : string.Join(',', arguments.Studies));
    }

    [Fact]
    public async Task An_N_that_no_rounds_of_two_reach_is_left_to_the_methods_that_reach_it()
    {
        GridArguments? arguments = null;
        (int code, string error) = await Invoke("grid --n 3 --methods jeffreys", got => arguments = got);

        Assert.Equal((7, ""), (code, error));
        Assert.Equal([3], arguments!.N);
    }

    [Fact]
    public async Task Pretraining_gets_its_folder()
    {
        string? folder = null;
        (int code, string error) = await Invoke("pretrain some/where", pretrain: got => folder = got);

        Assert.Equal((7, "", "some/where"), (code, error, folder));
    }

    [Theory]
    [InlineData("--help", "grid")]
    [InlineData("--help", "pretrain")]
    [InlineData("grid --help", "--methods")]
    [InlineData("pretrain --help", "FOLDER")]
    public async Task Help_names_commands_and_options(string arguments, string name)
    {
        string[] args = arguments.Split(' ');
        (int code, string error, string output) = await ConsoleCapture.RunAsync(() => ExperimentsCommandLine.InvokeAsync(args));

        Assert.Equal((0, ""), (code, error));
        Assert.Contains(name, output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Error)> Invoke(
        string arguments,
        Action<GridArguments>? grid = null,
        Action<string>? pretrain = null
    )
    {
        (int code, string error, _) = await ConsoleCapture.RunAsync(() =>
            ExperimentsCommandLine.InvokeAsync(arguments.Split(' '), (got, _) => Done(grid, got), (got, _) => Done(pretrain, got))
        );
        return (code, error);

        static Task<int> Done<T>(Action<T>? run, T got)
        {
            run?.Invoke(got);
            return Task.FromResult(7);
        }
    }
}
