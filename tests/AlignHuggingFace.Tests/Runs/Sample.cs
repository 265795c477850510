using System.Globalization;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>Runs the program in this process and keeps what it wrote.
/// The console belongs to the process: for tests of the collection "Console".</summary>
internal static class Sample
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        TextWriter usual = Console.Out,
            usualError = Console.Error;
        using StringWriter output = new(CultureInfo.InvariantCulture),
            error = new(CultureInfo.InvariantCulture);
        Console.SetOut(output);
        Console.SetError(error);
        try
        {
            var main = typeof(CommandLine).Assembly.EntryPoint!;
            object? code = await Task.Run(() => main.Invoke(null, [arguments]));
            return ((int)code!, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(usual);
            Console.SetError(usualError);
        }
    }
}
