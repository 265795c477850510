namespace VariationalBoN.CrashHost;

/// <summary>What the calls stand on, disposed of at the end.</summary>
internal sealed class StressResources : IDisposable
{
    private readonly Stack<IDisposable> _kept = new();

    public T Keep<T>(T resource)
        where T : IDisposable
    {
        _kept.Push(resource);
        return resource;
    }

    public void Dispose()
    {
        while (_kept.TryPop(out IDisposable? resource))
            resource.Dispose();
    }
}
