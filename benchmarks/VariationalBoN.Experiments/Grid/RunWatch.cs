using SentimentControl.Training;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Experiments.Grid;

/// <summary>Looks on at a run from inside its recipe:
/// counts completions, calls back on the way, owns what is made. Not thread-safe.</summary>
internal sealed class RunWatch : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>Completions drawn so far.</summary>
    public long Drawn { get; private set; }

    /// <summary>A recipe that is looked on at.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="afterSteps">Called with the number of steps done, before each step but the first; null for nothing.</param>
    public Recipe Around(Recipe recipe, Func<Gpt2, int, Task>? afterSteps) =>
        async (run, step, ct) =>
        {
            if (step > 0 && afterSteps is not null)
                await afterSteps(run.Model, step);
            StepWork work = await recipe(run, step, ct);
            Drawn += work.Drawn;
            return work;
        };

    /// <summary>Keeps something until the run is over.</summary>
    public T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }

    public void Dispose() => _owned.ForEach(thing => thing.Dispose());
}
