namespace VariationalBoN.Training;

/// <summary>How a <see cref="LearningRateSchedule"/> falls after its warm-up.</summary>
public enum ScheduleShape
{
    /// <summary>Falls linearly.</summary>
    Linear,

    /// <summary>Falls along half a cosine: slowly at the beginning and at the end.</summary>
    Cosine,

    /// <summary>Does not fall.</summary>
    Constant,
}
