using VariationalBoN.Policies;

namespace VariationalBoN.Testing.Checks;

/// <summary>Runs checks one after another: what the checked code throws is a failed check,
/// cancellation passes through. Not thread-safe.</summary>
internal sealed class CheckList(string thrower, CancellationToken cancellationToken)
{
    private readonly List<CheckResult> _results = [];

    /// <summary>Runs one check.</summary>
    /// <returns>Whether the code under check ran through, passed or not.</returns>
    public bool Run(string name, Func<CheckResult> check)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            _results.Add(check());
            return true;
        }
        catch (Exception e) when (!IsCancellation(e))
        {
            _results.Add(Thrown(name, e));
            return false;
        }
    }

    /// <inheritdoc cref="Run"/>
    public async Task<bool> RunAsync(string name, Func<Task<CheckResult>> check)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            _results.Add(await check().ConfigureAwait(false));
            return true;
        }
        catch (Exception e) when (!IsCancellation(e))
        {
            _results.Add(Thrown(name, e));
            return false;
        }
    }

    public void Skip(IEnumerable<string> names, string reason) => _results.AddRange(names.Select(name => CheckResult.Skip(name, reason)));

    public CheckReport Report(string subject) => new() { Subject = subject, Results = [.. _results] };

    private bool IsCancellation(Exception e) => e is OperationCanceledException && cancellationToken.IsCancellationRequested;

    private CheckResult Thrown(string name, Exception e) =>
        CheckResult.Fail(
            name,
            $"{e.GetType().Name}: {e.Message}",
            e is TrainingModeException
                ? "dropout is active: the module is in training mode; call eval() on it"
                : $"{thrower} throws; mend this first, since other checks may fail for the same reason"
        );
}
