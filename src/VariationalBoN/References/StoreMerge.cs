namespace VariationalBoN.References;

/// <summary>Copies the samples of several stores into one; all are compared before anything is copied. Stateless.</summary>
internal static class StoreMerge
{
    /// <summary>Does what <see cref="ReferenceStore.Merge"/> says.</summary>
    /// <param name="path">The store to copy into.</param>
    /// <param name="shards">The stores to copy from; at least one.</param>
    /// <param name="options">How it is written; valid.</param>
    /// <returns>How many rows were copied.</returns>
    /// <exception cref="InvalidOperationException">The stores hold rewards of different things, or samples of different executions where
    /// that is not accepted, or some of the same samples in different rows; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">A file is no store, or a row is damaged.</exception>
    /// <exception cref="IOException">The store is being written, or a file cannot be read or written.</exception>
    public static int Run(string path, IReadOnlyList<string> shards, ReferenceStoreOptions options)
    {
        var sources = new List<StoreReader>();
        try
        {
            foreach (string shard in shards)
                sources.Add(StoreReader.Open(shard));
            ReferenceProvenance?[] all = [.. sources.Select(source => StoreFacts.Read(source.Facts, source.Path))];
            RequireAlike(all[0], sources[0].Path); // before a new store is made
            using ReferenceStore store = ReferenceStore.OpenOfAnyExecution(path, all[0], options);
            RequireAlike(store.Provenance, store.Path);
            int copied = sources.Zip(all).Sum(shard => store.Copy(shard.First, shard.Second?.Execution));
            store.Close();
            return copied;

            void RequireAlike(ReferenceProvenance? into, string name)
            {
                foreach ((StoreReader source, ReferenceProvenance? from) in sources.Zip(all))
                {
                    string[] differences = [.. StoreFacts.Differences(source.Facts, source.Path, into, source.Path, name)];
                    if (differences.Length > 0)
                        throw new InvalidOperationException(
                            $"The stores {source.Path} and {name} cannot be merged: {string.Join("; ", differences)}. Only samples of one "
                                + "reference, scored in one way, have one F."
                        );
                    if (
                        !options.AcceptOtherExecution
                        && ReferenceProvenance.ExecutionDifference(into?.Execution, from?.Execution, name, source.Path) is string difference
                    )
                        throw new InvalidOperationException(
                            $"The stores {source.Path} and {name} cannot be merged: {difference}. Merge stores of one "
                                + $"execution, or {ReferenceStore.Accepting}."
                        );
                }
            }
        }
        finally
        {
            sources.ForEach(source => source.Dispose());
        }
    }
}
