using SentimentControl;
using SentimentControl.Datasets.Austen;
using SentimentControl.Grid;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Rewards;

// The story of a run: ExperimentRun. The loop of every method: Training/AlignmentRun; the methods: Training/Fits.
return await CommandLine.InvokeAsync(args, async (arguments, cancellationToken) =>
{
    const int Failure = 1, Interrupted = 130;
    try
    {
        torch.set_num_threads(1); // whole runs go in parallel: for models this small that beats threads inside an operation
        if (arguments.Sample is string prompt)
            SampleCommand.Run(arguments, prompt, Console.Out, cancellationToken);
        else if (arguments.Pretrain is string folder)
            AustenPretraining.Run(folder, Console.Out, cancellationToken);
        else if (arguments.Full)
            await FullRun.RunAsync(arguments, Console.Out, cancellationToken);
        else
            await ExperimentRun.RunAsync(arguments, Console.Out, cancellationToken);
        return 0;
    }
    catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
    {
        Console.Error.WriteLine(arguments.Full ? "Stopped; the same command goes on from here." : "Stopped; nothing was written.");
        return Interrupted;
    }
    catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or RewardModelException or TorchRuntimeException)
    {
        Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
        return Failure;
    }
});
