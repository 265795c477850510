using System.Globalization;
using SampleHosting;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using VariationalBoN;

namespace SentimentControl;

/// <summary><c>--sample</c>: continues a prompt with every model that a run saved. Stateless.</summary>
internal static class SampleCommand
{
    private const int Answers = 3;

    /// <summary>Prints answers of each saved model.</summary>
    /// <exception cref="FileNotFoundException">The output folder holds no model.</exception>
    public static Task RunAsync(Arguments arguments, Prompt prompt, TextWriter output, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(arguments.Output, SavedModel.Folder);
        string[] models = Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateDirectories(folder)
                    .Order(StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.NumericOrdering)),
            ]
            : [];
        if (models.Length == 0)
            throw new FileNotFoundException(
                $"There are no saved models in {folder}; run without --sample first, or name the folder of a run by --output."
            );
        var dataset = DatasetCatalog.Create(arguments.Dataset);
        var device = CommonOptions.DeviceOf(arguments.Device);
        foreach (string directory in models)
        {
            (var model, var policy) = SavedModel.Load(directory, dataset, device);
            using (model)
            {
                output.WriteLine(Path.GetFileName(directory));
                foreach (
                    var completion in policy.Sample([prompt], Answers, new DrawSeed(arguments.Seed, DrawPurpose.Serving), cancellationToken)
                )
                    output.WriteLine($"  {completion.Prompt}{completion.Text}");
            }
        }

        return Task.CompletedTask;
    }
}
