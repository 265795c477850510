using AlignHuggingFace;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Rewards;
using VariationalBoN.Training;

// A directory from Hugging Face in, an aligned directory out. The story of a run: Alignment.
return await CommandLine.InvokeAsync(args, async (arguments, cancellationToken) =>
{
    const int Failure = 1, Interrupted = 130;
    try
    {
        if (arguments.MakeTiny is string directory)
        {
            TinyModels.Write(directory);
            Console.WriteLine($"Written to {directory}: {TinyModels.Policy}, {TinyModels.Reward}, {TinyModels.Prompts}.");
            return 0;
        }

        torch.set_num_threads(arguments.Threads);
        await Alignment.RunAsync(arguments, Console.Out, cancellationToken);
        return 0;
    }
    catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
    {
        Console.Error.WriteLine("Stopped; the same command goes on from here.");
        return Interrupted;
    }
    catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or ArithmeticException or RewardModelException or TrainingStoppedException or TorchRuntimeException)
    {
        Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
        return Failure;
    }
});
