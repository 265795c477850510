using System.CommandLine;
using System.Runtime.InteropServices;
using VariationalBoN;
using VariationalBoN.Rewards;

namespace SentimentControl;

/// <summary>Runs a command: what fails is one line on standard error and an exit code; Ctrl+C stops it. Stateless.</summary>
internal static class CommandHost
{
    public const int Failure = 1, UsageError = 2, Interrupted = 130;

    /// <summary>Parses the arguments and runs the action of their command, or prints help or one line that says what is wrong.</summary>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the action returned.</returns>
    public static async Task<int> InvokeAsync(RootCommand program, string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var parsed = program.Parse(args);
        if (parsed.Errors.Count == 0)
        {
            var direct = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(direct, stop.Token);
        }

        var faults = parsed.Errors.Select(error => error.Message.ReplaceLineEndings(" ").TrimEnd('.')).Distinct();
        Console.Error.WriteLine($"{string.Join("; ", faults)}. Try --help.");
        return UsageError;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Does the work of a command.</summary>
    /// <param name="work">The work.</param>
    /// <param name="stopped">What to say when it was stopped.</param>
    /// <param name="cancellationToken">What stops it.</param>
    /// <returns>The exit code: 0, 1 for a failure, 130 when it was stopped.</returns>
    public static async Task<int> RunAsync(Func<Task> work, string stopped, CancellationToken cancellationToken)
    {
        try
        {
            await work();
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine(stopped);
            return Interrupted;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException
            or RewardModelException or TorchRuntimeException)
        {
            Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
            return Failure;
        }
    }
}
