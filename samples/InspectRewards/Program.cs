using InspectRewards;

// What a file of reference rewards promises before any training. No model is loaded, and no native library is needed.
return CommandLine.Invoke(args, arguments =>
{
    const int Failure = 1;
    try
    {
        Inspection.Run(arguments, Console.Out);
        return 0;
    }
    catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
        return Failure;
    }
});
