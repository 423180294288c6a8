from rest_framework.response import Response
from rest_framework.views import APIView

from vouchers.publishing import publish
from vouchers.serializers import PublicationInput, PublicationOutput


class PublicationsView(APIView):
    def post(self, request):
        sent = PublicationInput(data=request.data)
        sent.is_valid(raise_exception=True)
        publication = publish(request.user.project_id, request.user.app_id, sent.validated_data)
        return Response(PublicationOutput(publication).data)
