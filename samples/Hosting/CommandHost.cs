using System.CommandLine;
using System.Runtime.InteropServices;
using VariationalBoN;
using VariationalBoN.Rewards;
using VariationalBoN.Training;

namespace SampleHosting;

/// <summary>Runs the command line of a sample: what fails is one line on standard error and an exit code;
/// Ctrl+C stops it. Stateless.</summary>
public static class CommandHost
{
    public const int Failure = 1,
        UsageError = 2,
        Interrupted = 130;

    private static readonly ParserConfiguration s_parser = new() { ResponseFileTokenReplacer = null }; // "@" begins a text, not a file

    /// <summary>For a sample without options of its own: answers --help,
    /// refuses every argument but --plain-runtime, and begins as that says.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="purpose">What the sample does, for its help.</param>
    /// <returns>The exit code to end with; null to go on.</returns>
    public static int? Answer(string[] args, string purpose)
    {
        bool goOn = false;
        var plain = FastRuntime.Plain();
        var program = new RootCommand(purpose) { plain };
        program.SetAction(result =>
        {
            goOn = true;
            FastRuntime.Begin(result.GetValue(plain));
        });
        int code = Faults(program.Parse(args, s_parser), out var parsed) ?? parsed.Invoke(Direct());
        return goOn ? null : code;
    }

    /// <summary>Parses the arguments and runs the action of their command, or prints help or one line that says what is wrong.</summary>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the action returned.</returns>
    public static async Task<int> InvokeAsync(RootCommand program, string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return Faults(program.Parse(args, s_parser), out var parsed) ?? await parsed.InvokeAsync(Direct(), stop.Token);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = !stop.IsCancellationRequested; // the first asks the work to stop; a second one ends the program at once
            stop.Cancel();
        }
    }

    /// <summary>Does the work of a command.</summary>
    /// <param name="work">The work.</param>
    /// <param name="stopped">What to say when it was stopped.</param>
    /// <param name="cancellationToken">What stops it.</param>
    /// <param name="isExpected">Failures of this program beside the usual ones; null for none.</param>
    /// <returns>The exit code: 0, 1 for a failure, 2 for an option that only the work finds wrong, 130 when it was stopped.</returns>
    public static async Task<int> RunAsync(
        Func<Task> work,
        string stopped,
        CancellationToken cancellationToken,
        Func<Exception, bool>? isExpected = null
    )
    {
        try
        {
            await work();
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Say(stopped);
            return Interrupted;
        }
        catch (UsageException e)
        {
            Say(e.Message);
            return UsageError;
        }
        catch (Exception e)
            when (e
                    is IOException
                        or InvalidDataException
                        or UnauthorizedAccessException
                        or ArgumentException
                        or ArithmeticException
                        or RewardModelException
                        or TrainingStoppedException
                        or TorchRuntimeException
                || isExpected?.Invoke(e) == true
            )
        {
            Say(e.Message);
            return Failure;
        }
    }

    private static int? Faults(ParseResult result, out ParseResult parsed)
    {
        parsed = result;
        if (result.Errors.Count == 0)
            return null;
        Say($"{string.Join("; ", result.Errors.Select(error => error.Message.TrimEnd('.')).Distinct())}. Try --help.");
        return UsageError;
    }

    private static InvocationConfiguration Direct() => new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };

    private static void Say(string text) => Console.Error.WriteLine(text.ReplaceLineEndings(" "));
}
