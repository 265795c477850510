using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.Internal;

/// <summary>A relative path is one of the folder in which it was given, wherever the process goes afterwards.</summary>
[Trait("Tier", "torch")]
public sealed class RelativePathTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("here-").FullName,
        _other = Directory.CreateTempSubdirectory("there-").FullName;

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_other, recursive: true);
    }

    [Fact]
    public void What_was_opened_stays_where_it_was()
    {
        KilledProcess.Run("move", _folder, _other);
        Assert.Equal(
            ["metrics.jsonl", "metrics.jsonl-writer", "run", "store.db", "store.db-writer"],
            Directory.GetFileSystemEntries(_folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
        );
        Assert.Equal([Path.Combine(_other, "table.jsonl")], Directory.GetFileSystemEntries(_other));
        Assert.Equal(2, ReferenceTable.Load(Path.Combine(_other, "table.jsonl"))["p"].Rewards.Length);
    }
}
