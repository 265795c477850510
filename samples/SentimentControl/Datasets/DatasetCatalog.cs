using SentimentControl.Datasets.Austen;
using SentimentControl.Datasets.Reviews;

namespace SentimentControl.Datasets;

/// <summary>The datasets by name. Stateless.</summary>
internal static class DatasetCatalog
{
    private static readonly (string Name, Func<IDataset> Create)[] Entries =
    [
        ("reviews", () => new ReviewDataset()),
        ("austen", () => new AustenDataset()),
    ];

    public static string[] Names => [.. Entries.Select(entry => entry.Name)];

    public static IDataset Create(string name) => Entries.First(entry => entry.Name == name).Create();
}
