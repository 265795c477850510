using SampleHosting;

namespace SentimentControl.Tests.Commands;

[Trait("Tier", "fast")]
[Collection("Console")]
public sealed class CommandHostTests
{
    [Fact]
    public async Task A_failure_is_one_line_and_exit_code_1()
    {
        (int code, string error, _) = await ConsoleCapture.RunAsync(() =>
            CommandHost.RunAsync(() => throw new InvalidDataException("a.json is damaged:\nline 3"), "stopped", CancellationToken.None)
        );

        Assert.Equal(CommandHost.Failure, code);
        Assert.Equal("a.json is damaged: line 3", error.TrimEnd());
    }

    [Fact]
    public async Task A_stop_says_what_is_left_and_gives_exit_code_130()
    {
        var stopped = new CancellationToken(canceled: true);
        (int code, string error, _) = await ConsoleCapture.RunAsync(() =>
            CommandHost.RunAsync(() => Task.FromCanceled(stopped), "Stopped; nothing was written.", stopped)
        );

        Assert.Equal(CommandHost.Interrupted, code);
        Assert.Equal("Stopped; nothing was written.", error.TrimEnd());
    }

    [Fact]
    public async Task A_fault_of_the_program_is_not_hidden() =>
        await Assert.ThrowsAsync<NotSupportedException>(() =>
            CommandHost.RunAsync(() => throw new NotSupportedException(), "stopped", CancellationToken.None)
        );
}
