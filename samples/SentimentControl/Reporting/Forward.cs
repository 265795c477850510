namespace SentimentControl.Reporting;

/// <summary>Passes progress on at once, on the thread that reports it, where <see cref="Progress{T}"/> would post it.</summary>
internal sealed class Forward<T>(Action<T> action) : IProgress<T>
{
    public void Report(T value) => action(value);
}
