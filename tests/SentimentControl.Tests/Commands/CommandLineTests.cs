namespace SentimentControl.Tests.Commands;

[Trait("Tier", "fast")]
[Collection("Console")]
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--n 0", "--n is '0'")]
    [InlineData("--n 2,2", "--n is '2,2'")]
    [InlineData("--n two", "--n is 'two'")]
    [InlineData("--seed -1", "--seed is '-1'")]
    [InlineData("--seed many", "--seed is 'many'; it must be a whole number")]
    [InlineData("--dataset tweets", "--dataset is 'tweets'; it must be reviews or austen")]
    [InlineData("--device tpu", "--device is 'tpu'")]
    [InlineData("--threads 0", "--threads is '0'")]
    [InlineData("--colour red", "--colour")]
    [InlineData("--n 0 --threads 0", "such as 2,4,8,16; --threads is '0'")] // all faults at once
    [InlineData("--full", "--full")]
    [InlineData("--quick --methods jeffreys", "--methods")] // of the grid of benchmarks/VariationalBoN.Experiments; were ignored here once
    [InlineData("--seeds 1,2", "--seeds")]
    [InlineData("--pretrain folder", "--pretrain")]
    [InlineData("--sample plot --n 2", "--n cannot be combined with --sample")]
    [InlineData("--sample plot --quick --threads 2", "--quick cannot be combined with --sample")]
    [InlineData("--output /dev/null/run", "--output is '/dev/null/run'; it must be a folder")]
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

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                ExperimentRun.RunAsync(arguments!, TextWriter.Null, new CancellationToken(canceled: true))
            );

            Assert.Empty(Directory.GetFileSystemEntries(parent));
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_said_before_any_work()
    {
        if (!OperatingSystem.IsLinux())
            return; // elsewhere there is no folder that nobody can write to
        Arguments? arguments = null;
        await Invoke("--output /proc/results", got => arguments = got);
        var fault = await Assert.ThrowsAsync<SampleHosting.UsageException>(() =>
            ExperimentRun.RunAsync(arguments!, TextWriter.Null, default)
        );

        Assert.StartsWith("--output is '/proc/results'; nothing can be written there: ", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Error)> Invoke(string arguments, Action<Arguments> run)
    {
        (int code, string error, _) = await ConsoleCapture.RunAsync(() =>
            CommandLine.InvokeAsync(
                arguments.Split(' '),
                (got, _) =>
                {
                    run(got);
                    return Task.FromResult(7);
                }
            )
        );
        return (code, error);
    }
}
