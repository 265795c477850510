namespace SentimentControl.Tests.Commands;

/// <summary>Runs a command and keeps what it wrote. The console belongs to the process: for tests of the collection "Console".</summary>
internal static class ConsoleCapture
{
    public static async Task<(int Code, string Error, string Output)> RunAsync(Func<Task<int>> command)
    {
        TextWriter usual = Console.Error,
            usualOut = Console.Out;
        using StringWriter error = new(),
            output = new();
        Console.SetError(error);
        Console.SetOut(output);
        try
        {
            int code = await command();
            return (code, error.ToString(), output.ToString());
        }
        finally
        {
            Console.SetError(usual);
            Console.SetOut(usualOut);
        }
    }
}
