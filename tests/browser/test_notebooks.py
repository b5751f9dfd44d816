"""A notebook instance that is stopped, as its owner sees it."""

from test_demo import in_studio, sign_in


def test_a_stopped_instance_is_started(tab):
    sign_in(tab, "jiwoo")
    in_studio(tab, "a SageMaker notebook instance", "jiwoo", "StartNotebookInstance", "studiouserid")
