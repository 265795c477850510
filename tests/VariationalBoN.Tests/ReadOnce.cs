using System.Collections;

namespace VariationalBoN.Tests;

/// <summary>A list that changes: each number can be read once and is NaN from then on.</summary>
internal sealed class ReadOnce(params double[] values) : IReadOnlyList<double>
{
    private readonly double[] _values = [.. values];

    public int Count => _values.Length;

    public double this[int index]
    {
        get
        {
            double value = _values[index];
            _values[index] = double.NaN;
            return value;
        }
    }

    public IEnumerator<double> GetEnumerator()
    {
        for (int i = 0; i < _values.Length; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
