namespace VariationalBoN.Transformers.Classifiers;

/// <summary>Which number of a classifier is the reward.</summary>
public enum ClassifierOutput
{
    /// <summary>The logit of the label.</summary>
    Logit,

    /// <summary>
    /// The log-probability of the label: log-softmax over the labels, or log-sigmoid where the labels are independent. With two exclusive
    /// labels it ranks as the difference of their logits.
    /// </summary>
    LogProb,
}
