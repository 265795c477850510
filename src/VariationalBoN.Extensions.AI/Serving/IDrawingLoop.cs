namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>How a policy draws for many askers. All members are called on one thread.</summary>
internal interface IDrawingLoop : IDisposable
{
    /// <summary>The requests that it has.</summary>
    int Count { get; }

    /// <summary>The most requests that it has at once.</summary>
    int Capacity { get; }

    /// <summary>How many more it takes.</summary>
    int Free { get; }

    /// <summary>Takes a request.</summary>
    void Add(ServedRequest served);

    /// <summary>Draws for a while, and hands on what it drew. What is wrong with one request is told to that one.</summary>
    void Step();
}
