namespace VariationalBoN.Extensions.AI.Internal;

/// <summary>The seed that a service is sent for one sample. Stateless, thread-safe.</summary>
internal static class RequestSeed
{
    /// <summary>31 bits, which every service takes; samples of a prompt follow one another,
    /// so that no two of them share a seed.</summary>
    public static long Of(Prompt prompt, int sample, DrawSeed seed)
    {
        double first = new CounterRandom(seed with { FirstSample = 0 }, prompt, 0).Uniform(0);
        return ((long)(first * int.MaxValue) + seed.FirstSample + sample) % int.MaxValue;
    }
}
