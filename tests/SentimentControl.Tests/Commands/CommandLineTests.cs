using SentimentControl.Grid;
using SentimentControl.Reporting;

namespace SentimentControl.Tests.Commands;

[Trait("Tier", "fast")]
[Collection("Console")]
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--n 0", "--n is '0'")]
    [InlineData("--n 2,2", "--n is '2,2'")]
    [InlineData("--n two", "--n is 'two'")]
    [InlineData("--seed -1", "--seed is -1")]
    [InlineData("--seed many", "'many' for option '--seed'")]
    [InlineData("--dataset tweets", "--dataset is 'tweets'; it must be reviews or austen")]
    [InlineData("--full --seeds 1,1", "--seeds is '1,1'")]
    [InlineData("--full --methods jeffreys,ppo", "--methods is 'jeffreys,ppo'; it must be different methods of variational-best-of-n, lower-bound")]
    [InlineData("--full --methods jeffreys,jeffreys", "--methods is 'jeffreys,jeffreys'")]
    [InlineData("--full --studies speed,none", "--studies is 'speed,none'; it must be none, or different studies of samples, temperature")]
    [InlineData("--device tpu", "--device is 'tpu'")]
    [InlineData("--threads 0", "--threads is 0")]
    [InlineData("--colour red", "--colour")]
    public async Task Wrong_arguments_give_one_line_and_exit_code_2(string arguments, string message)
    {
        bool ran = false;
        (int code, string error) = await Invoke(arguments, _ => ran = true);

        Assert.Equal(2, code);
        Assert.False(ran);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Arguments_reach_the_program_sorted_and_with_defaults()
    {
        Arguments? got = null;
        (int code, string error) = await Invoke("--n 16,2 --seed 3 --quick", arguments => got = arguments);

        Assert.Equal((7, ""), (code, error));
        Assert.Equal([2, 16], got!.N);
        Assert.Equal((3, "reviews", "cpu", true), (got.Seed, got.Dataset, got.Device, got.Quick));
        Assert.Equal(Path.Combine("output", "reviews-seed3"), got.Output);
    }

    [Fact]
    public async Task A_full_run_has_defaults_of_its_own()
    {
        Arguments? full = null, quick = null;
        await Invoke("--full", arguments => full = arguments);
        await Invoke("--full --quick --seeds 5,4 --methods jeffreys,best-of-n-sft", arguments => quick = arguments);

        Assert.Equal([2, 4, 8, 16, 32, 64], full!.N);
        Assert.Equal([1, 2, 3], full.Seeds);
        Assert.Equal(Path.Combine("output", "reviews-full"), full.Output);
        Assert.Equal(GridPlan.Methods, full.Methods);
        Assert.Equal([Method.BestOfNSft, Method.Jeffreys], quick!.Methods);
        Assert.Equal([4, 5], quick.Seeds);
        Assert.Equal([2, 4], quick.N);
        Assert.Equal(Path.Combine("output", "reviews-full-quick"), quick.Output);
    }

    [Theory]
    [InlineData("--full", null)] // those that the dataset has time for
    [InlineData("--full --n 2", "")]
    [InlineData("--full --methods jeffreys", "")]
    [InlineData("--full --studies none", "")]
    [InlineData("--full --n 2 --studies tuning,speed", "tuning,speed")]
    public async Task Studies_come_with_the_whole_grid_or_when_asked_for(string line, string? studies)
    {
        Arguments? arguments = null;
        await Invoke(line, got => arguments = got);

        Assert.Equal(studies, arguments!.Studies is null ? null : string.Join(',', arguments.Studies));
    }

    [Fact]
    public async Task An_N_that_no_rounds_of_two_reach_is_refused_before_any_work()
    {
        Arguments? arguments = null;
        await Invoke("--full --n 2,3", got => arguments = got);

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => SentimentControl.Grid.FullRun.RunAsync(arguments!, TextWriter.Null, CancellationToken.None));
        Assert.Contains("--n holds 3; iterated", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_is_no_error()
    {
        bool ran = false;
        (int code, _) = await Invoke("--help", _ => ran = true);

        Assert.Equal(0, code);
        Assert.False(ran);
    }

    [Fact]
    public async Task A_stopped_run_leaves_nothing_behind()
    {
        string parent = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Arguments? arguments = null;
            await Invoke($"--quick --output {Path.Combine(parent, "run")}", got => arguments = got);

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ExperimentRun.RunAsync(arguments!, TextWriter.Null, new CancellationToken(canceled: true)));

            Assert.Empty(Directory.GetFileSystemEntries(parent));
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    private static async Task<(int Code, string Error)> Invoke(string arguments, Action<Arguments> run)
    {
        TextWriter usual = Console.Error, usualOut = Console.Out;
        using var error = new StringWriter();
        Console.SetError(error);
        Console.SetOut(TextWriter.Null);
        try
        {
            int code = await CommandLine.InvokeAsync(arguments.Split(' '), (got, _) =>
            {
                run(got);
                return Task.FromResult(7);
            });
            return (code, error.ToString());
        }
        finally
        {
            Console.SetError(usual);
            Console.SetOut(usualOut);
        }
    }
}
